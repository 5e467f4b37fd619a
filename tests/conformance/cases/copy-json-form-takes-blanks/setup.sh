echo a >'a file'
