mkdir d; python3 - <<'P'
import tarfile, io
t = tarfile.open("d/a.tar", "w", format=tarfile.USTAR_FORMAT)
i = tarfile.TarInfo("x"); i.size = 2; i.mtime = 981173106
t.addfile(i, io.BytesIO(b"x\n")); t.close()
P
