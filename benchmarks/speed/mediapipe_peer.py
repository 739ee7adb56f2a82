"""Runs in MediaPipe's environment: FaceMesh with refined landmarks for `benchmarks.speed.face_mesh`.

Takes the path of an .npy of RGB pictures (n, height, width, 3); each line on stdin, `first last`, is a round; it
answers with one line of JSON: the CPU ms of each picture, and how many showed a face.
"""

import json
import sys
import time

import mediapipe
import numpy as np

pictures = np.load(sys.argv[1])
with mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh:
    for line in sys.stdin:
        first, last = map(int, line.split())
        cpu_ms, faces = [], 0
        for picture in pictures[first:last]:
            start_s = time.process_time()
            found = mesh.process(picture)
            cpu_ms.append((time.process_time() - start_s) * 1e3)
            faces += found.multi_face_landmarks is not None
        print(json.dumps({"cpu_ms": cpu_ms, "faces": faces}), flush=True)
