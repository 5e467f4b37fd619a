ln -s a link; ln -s a/x lfile; mkdir ldir; echo 1 >ldir/x
