#!/usr/bin/env python3
"""Times the supervised train step of BC-SSL in PyTorch on the CPU.

    LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp /usr/bin/python3 supervised_torch.py --threads 2

Forward, cross-entropy, backward and AdamW (foreach) in float32 on random
images. Prints one JSON object per memory layout.
"""

import argparse
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

import environment
from bcssl_torch import Backbone, BackboneOptions, init_weights

SIZES = {
    "bcssl-tiny": BackboneOptions(),
    "bcssl-small": BackboneOptions(depths=(3, 3, 27, 3)),
    "bcssl-base": BackboneOptions(depths=(3, 3, 27, 3), dims=(128, 256, 512, 1024)),
    "convnext-tiny": BackboneOptions(kernel=7, batch_norm=False),
}


class Classifier(nn.Module):
    def __init__(self, options: BackboneOptions, classes: int):
        super().__init__()
        self.backbone = Backbone(options)
        self.head = nn.Linear(options.dims[-1], classes)
        init_weights(self.head, options.init)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x))


def time_layout(options: argparse.Namespace, layout: str) -> dict:
    torch.manual_seed(0)
    memory_format = torch.channels_last if layout == "NHWC" else torch.contiguous_format
    model = Classifier(SIZES[options.model], options.classes).to(memory_format=memory_format)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.05, foreach=True)
    images = torch.randn(options.batch, 3, options.image, options.image).contiguous(memory_format=memory_format)
    labels = torch.randint(options.classes, (options.batch,))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(options.warmup):
        step()
    watch = environment.Stopwatch()
    for _ in range(options.repeat):
        with watch:
            step()
    summary = watch.summary()
    return {
        "case": f"step/{options.model}/{options.image}/b{options.batch}/f32",
        **summary,
        "images_per_s": options.batch / summary["seconds"],
        "parameters": sum(p.numel() for p in model.parameters()),
        **environment.describe(layout),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=SIZES, default="bcssl-tiny")
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--layout", choices=["NHWC", "NCHW", "both"], default="both")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for layout in ("NHWC", "NCHW") if options.layout == "both" else (options.layout,):
        print(json.dumps(time_layout(options, layout)), flush=True)


if __name__ == "__main__":
    main()
