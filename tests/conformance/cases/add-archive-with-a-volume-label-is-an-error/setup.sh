python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
name=label type=V
name=x body=x
E
