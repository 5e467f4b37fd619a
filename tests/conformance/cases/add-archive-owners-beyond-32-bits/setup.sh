python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=x name=p pax:uid=-1 pax:gid=4294967295
name=a
type=x name=p pax:uid=4294967297
name=b
E
