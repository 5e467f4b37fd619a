mkdir d; ln -s elsewhere d/one
