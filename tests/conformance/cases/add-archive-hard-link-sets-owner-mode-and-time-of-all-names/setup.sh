python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('x'); i.size=2; i.mode=0o600; i.uid=3; i.mtime=1000; t.addfile(i,io.BytesIO(b'x\n'))
i=tarfile.TarInfo('ln'); i.type=tarfile.LNKTYPE; i.linkname='./x'; i.mode=0o4711; i.uid=7; i.gid=8; i.mtime=5000; t.addfile(i)
i=tarfile.TarInfo('ln2'); i.type=tarfile.LNKTYPE; i.linkname='m'; i.mode=0o640; i.uid=7; i.gid=8; i.mtime=5000; t.addfile(i)
i=tarfile.TarInfo('two'); i.type=tarfile.LNKTYPE; i.linkname='one'; i.mode=0o640; i.uid=7; i.gid=8; i.mtime=5000; t.addfile(i)
P
