python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
name=file/ mode=0755
name=x body=x
E
