mkdir d; echo a >d/a; chown -R 12:34 d
