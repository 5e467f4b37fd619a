echo 1 >'*star'; echo 2 >astar; echo 3 >'#hash'
