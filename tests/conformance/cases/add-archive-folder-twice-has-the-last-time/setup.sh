python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=5 name=d/ mode=0755 mtime=1000000000
name=d/f body=x
type=5 name=./d mode=0700 mtime=1100000000
E
