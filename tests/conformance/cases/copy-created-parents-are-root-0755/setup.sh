echo alpha >a; chmod 600 a
