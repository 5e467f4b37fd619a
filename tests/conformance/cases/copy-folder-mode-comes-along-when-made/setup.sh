mkdir d; chmod 1777 d; echo a >d/a
