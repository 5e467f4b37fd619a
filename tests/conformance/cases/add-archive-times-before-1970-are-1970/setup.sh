python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w',format=tarfile.PAX_FORMAT)
i=tarfile.TarInfo('d'); i.type=tarfile.DIRTYPE; i.mode=0o755; i.mtime=-77; t.addfile(i)
i=tarfile.TarInfo('f'); i.size=0; i.mtime=5000000000; t.addfile(i,io.BytesIO(b''))
P
