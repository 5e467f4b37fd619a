echo a >a; echo s >s; chmod 4755 s
