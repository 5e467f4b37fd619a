: >Dockerfile
