mkdir d; echo x >d/x; ln -s d l; ln -s d m
