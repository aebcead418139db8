"""Read the digit in a picture, with the network that comes with the package.  Use: python example_usage.py [PICTURE]"""
import sys
from pathlib import Path

import mnist_ann as ma

picture = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "samples" / "7-pen.jpg"
prediction = ma.predict(picture)
print(f"{Path(picture).name} shows a {prediction.digit} (probability {prediction.probability:.1%})")
