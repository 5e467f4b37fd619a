python3 - <<'P'
import tarfile, io
t = tarfile.open("caps.tar", "w", format=tarfile.PAX_FORMAT)
i = tarfile.TarInfo("tool"); i.size = 2; i.mode = 0o755; i.mtime = 981173106
i.pax_headers = {"SCHILY.xattr.security.capability": bytes.fromhex("0100000200040000000000000000000000000000").decode("latin-1")}
t.addfile(i, io.BytesIO(b"x\n")); t.close()
P
