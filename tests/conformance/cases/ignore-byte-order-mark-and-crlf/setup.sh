printf '\357\273\277a\r\nb\r\nDockerfile\r\n.dockerignore\r\n' >.dockerignore; echo 1 >a; echo 2 >b; echo 3 >c
