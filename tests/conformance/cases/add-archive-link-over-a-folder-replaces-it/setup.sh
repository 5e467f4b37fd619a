python3 - <<'P'
import tarfile,io
t=tarfile.open('a.tar','w')
i=tarfile.TarInfo('data'); i.type=tarfile.SYMTYPE; i.linkname='nowhere'; t.addfile(i)
P
