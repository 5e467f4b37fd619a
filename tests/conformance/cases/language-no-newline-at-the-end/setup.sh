printf 'FROM scratch\nLABEL a=b' >Dockerfile
