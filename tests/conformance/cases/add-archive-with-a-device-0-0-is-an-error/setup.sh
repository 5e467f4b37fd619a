python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=3 name=one device=0,0
E
