mkdir d; chmod 700 d; echo a >d/a
