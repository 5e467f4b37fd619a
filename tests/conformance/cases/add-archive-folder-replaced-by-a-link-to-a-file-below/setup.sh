python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=5 name=d/ mode=0755 mtime=1000000000
type=2 name=d link=one
E
