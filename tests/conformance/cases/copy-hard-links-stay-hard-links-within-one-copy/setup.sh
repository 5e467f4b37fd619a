mkdir d e; echo a >d/a; ln d/a d/b; mkdir d/sub; ln d/a d/sub/c; ln d/a e/other
