mkdir d; mkfifo -m 640 d/fifo; echo a >d/a
