python3 "$CONFORMANCE/raw_tar.py" >a.tar <<'E'
type=nul magic=none name=file body=old
type=nul magic=none mode=0755 name=folder/
type=2 magic=none name=link link=file
type=1 magic=none name=hard link=file
E
