import os,time
from multiprocessing import Pool
from PIL import Image
B="/work/scratch/bg/two"
L=[f"{B}/{d}/{n}" for d in ("images","masks") for n in os.listdir(f"{B}/{d}")]
def f(p): Image.open(p).load()
with Pool(2) as q:
    q.map(f,L[:10]); t=time.time(); q.map(f,L,chunksize=50); print("Pillow decoding alone",time.time()-t)
