printf '\357\273\277FROM conformance/base\r\nRUN echo a \\\r\n && echo b >/x\r\nENV A=1\r\nCOPY <<E /h\r\nbody\r\nE\r\n' >Dockerfile
