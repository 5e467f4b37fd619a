mkdir d; ln -s elsewhere d/data
