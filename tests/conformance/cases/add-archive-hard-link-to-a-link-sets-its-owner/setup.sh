python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=2 name=l uid=1 gid=2 link=/var/data/one
type=1 name=h uid=3 gid=4 mode=0600 mtime=1100000000 link=l
E
