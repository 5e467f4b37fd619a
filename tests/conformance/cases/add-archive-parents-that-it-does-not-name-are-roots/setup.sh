python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('p/q/r'); i.size=2; i.uid=5; i.gid=6; i.mode=0o640; i.mtime=1000; t.addfile(i,io.BytesIO(b'x\n'))
P
