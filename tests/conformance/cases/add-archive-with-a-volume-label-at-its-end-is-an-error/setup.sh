python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
name=x body=x
type=V name=label
E
