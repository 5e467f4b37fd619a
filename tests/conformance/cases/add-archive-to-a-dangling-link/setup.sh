echo x >x; tar -cf a.tar x; rm x
