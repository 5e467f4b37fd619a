echo one >'[a]'; echo two >a; echo three >'arr[0].txt'; echo four >arr0.txt
