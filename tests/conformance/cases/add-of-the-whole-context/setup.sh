printf "x" >f && tar --mtime=@0 -cf sub/c.tar f && rm f
