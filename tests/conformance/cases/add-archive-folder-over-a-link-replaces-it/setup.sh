python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('link-to-data'); i.type=tarfile.DIRTYPE; i.mode=0o750; t.addfile(i)
i=tarfile.TarInfo('link-to-data/x'); i.size=2; t.addfile(i,io.BytesIO(b'x\n'))
P
