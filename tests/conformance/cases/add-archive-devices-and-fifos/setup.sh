python3 - <<'P'
import tarfile, io
t = tarfile.open("a.tar", "w", format=tarfile.USTAR_FORMAT)
for name, kind in [("null", tarfile.CHRTYPE), ("disk", tarfile.BLKTYPE), ("pipe", tarfile.FIFOTYPE)]:
    i = tarfile.TarInfo(name); i.type = kind; i.devmajor, i.devminor = 1, 3; i.mode = 0o620; i.mtime = 981173106
    t.addfile(i)
t.close()
P
