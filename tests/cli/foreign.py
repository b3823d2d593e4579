# SPDX-License-Identifier: BSD-3-Clause
"""foreign.py: data sets as h5py, AnnData and pandas store them, into the current folder. The
numbers of X are whole, so that every type holds them exactly."""
import h5py
import numpy as np
import pandas as pd

rng = np.random.default_rng(4)
n, p = 60, 4
X = rng.integers(0, 9, (n, p)) * (rng.random((n, p)) < 0.7)
y = X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=n)
names = ["a", "b", "größe", "d"]


def write(name, x, target=y, libver="earliest", **options):
    with h5py.File(name + ".h5", "w", libver=libver) as f:
        f.create_dataset("X", data=x, **options)
        f["y"] = target


# ---- h5py ---------------------------------------------------------------------------------------
write("plain", X.astype("f8"))
for name in "f2", "f4", ">f8", "u1", "i4", ">i2":
    write("type" + name, X.astype(name))
write("latest", X.astype("f8"), libver="latest", chunks=(7, 3), maxshape=(None, p),
      compression="gzip", shuffle=True)
write("checked", X.astype("f4"), chunks=(16, p), fletcher32=True)
write("bool", X > 0)
write("zero_one", (X > 0).astype("f8"))
write("y_bool", X, y > 0)
write("y_text", X, np.array(["no", "yes"], object)[(y > 0).astype(int)])
write("complex", X.astype("c16"))
for name, kind in ("bytes", "S8"), ("text", h5py.string_dtype()):
    write("names_" + name, X)
    with h5py.File("names_" + name + ".h5", "a") as f:
        f.create_dataset("feature_names", data=[s.encode() for s in names], dtype=kind)
write("lzf", X, chunks=(16, p), compression="lzf")

parts = np.array_split(np.arange(n), 3)
for k, rows in enumerate(parts):
    write("source%d" % k, X[rows], y[rows])
for name, source in ("virtual", "source"), ("hole", "absent"):
    layout = h5py.VirtualLayout((n, p), "f8")
    for k, rows in enumerate(parts):
        layout[rows[0]:rows[-1] + 1] = h5py.VirtualSource("%s%d.h5" % (source, k), "X",
                                                          (len(rows), p))
    with h5py.File(name + ".h5", "w", libver="latest") as f:
        f.create_virtual_dataset("X", layout)
        f["y"] = y
with h5py.File("links.h5", "w") as f:
    f["X"] = h5py.ExternalLink("plain.h5", "/X")
    f["elsewhere/y"] = y
    f["y"] = h5py.SoftLink("/elsewhere/y")
with h5py.File("nowhere.h5", "w") as f:
    f["X"] = h5py.SoftLink("/elsewhere/X")
    f["y"] = y


# ---- AnnData ------------------------------------------------------------------------------------
def frame(f, name, index):
    group = f.create_group(name)
    group.attrs["_index"] = "_index"
    group.attrs["encoding-type"] = "dataframe"
    group.create_dataset("_index", data=index, dtype=h5py.string_dtype())


def sparse(f, name, encoding="csr_matrix"):
    x = X if encoding == "csr_matrix" else X.T
    group = f.create_group(name)
    group.attrs["encoding-type"] = encoding
    group.attrs["shape"] = (n, p)
    group["data"] = x[x != 0].astype("f4")
    group["indices"] = np.nonzero(x)[1].astype("i4")
    group["indptr"] = np.append(0, np.cumsum((x != 0).sum(axis=1))).astype("i4")


for name in "csr", "dense", "csc", "layers", "no_y":
    with h5py.File("anndata_" + name + ".h5", "w") as f:
        f.attrs["encoding-type"] = "anndata"
        frame(f, "obs", ["cell %d" % i for i in range(n)])
        frame(f, "var", names)
        sparse(f, "layers/counts")
        if name in ("csr", "csc"):
            sparse(f, "X", name + "_matrix")
        if name in ("dense", "no_y"):
            f["X"] = X.astype("f4")
        if name != "no_y":
            f["y"] = y

# ---- pandas -------------------------------------------------------------------------------------
table = pd.DataFrame(X.astype("f8"), columns=names)
table["TARGET"] = y
table.to_hdf("pandas_fixed.h5", key="df")
table.to_hdf("pandas_table.h5", key="deep/df", format="table")
table.to_hdf("pandas_X.h5", key="X", format="table")
table["TARGET"].to_hdf("pandas_series.h5", key="y")
