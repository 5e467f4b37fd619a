python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=D name=d/
name=x body=x
E
