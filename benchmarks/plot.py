"""One picture of the last runs: CPU a request, added latency by load, and the rate with a slow upstream.

    python -m benchmarks.plot [--to docs/images/sync_path.svg]

Reads what `benchmarks.sync_path`, `benchmarks.latency` and `benchmarks.slow_upstream` wrote to benchmarks/out, and writes
benchmarks/out/sync_path.svg, or the file that `--to` names. What was not measured is left out.
"""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import OUT, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people who are colour-blind tell apart; shapes and dashes tell the same in print.
STYLES = {
    "aiobotocore": ("#D55E00", "s", (0, (1, 1))),
    "Envoy": ("#0072B2", "^", (0, (5, 2))),
    "lambda-router": ("#009E73", "o", "solid"),
}
OTHER = ("#666666", "D", "dashdot")
VARIANTS = {"compiled": ("#00543D", "D", (0, (3, 1))), "rest": ("#56B4A4", "v", (0, (3, 1, 1, 1)))}
INK = "#222222"


def short(name: str) -> str:
    """A subject's name as it stands in the picture."""
    for pattern, put in (
        (r"aiohttp \+ aiobotocore `invoke`, pool of (\d+)", r"aiobotocore, pool of \1"),
        (r"Envoy `aws_lambda`, (\w+).*", r"Envoy, \1"),
        (r"lambda-router, api_gateway (\w+)", r"lambda-router, \1"),
    ):
        name = re.sub(pattern, put, name)
    return name


def style(name: str) -> tuple[str, str, Any]:
    """Colour, marker and dashes of a subject."""
    return next((each for key, each in (VARIANTS | STYLES).items() if key in name), OTHER)


def bars(axes: "Axes", subjects: list[dict[str, Any]], key: str, title: str, unit: str) -> None:
    """A bar for each subject, in the order of the table, its value at its end."""
    names = [short(each["name"]) for each in subjects]
    values = [each[key] for each in subjects]
    drawn = axes.barh(names, values, color=[style(each["name"])[0] for each in subjects], height=0.62)
    axes.bar_label(drawn, [f"{value:,.0f}" for value in values], padding=4, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, max(values) * 1.18)
    axes.set_title(title, loc="left")
    axes.set_xlabel(unit)
    axes.grid(axis="x")


def lines(axes: "Axes", subjects: list[dict[str, Any]], index: int, title: str) -> None:
    """Added milliseconds by load; a rate that was not kept up with has no point, nor has what the machine decided."""
    from matplotlib.ticker import LogLocator

    for each in subjects:
        known = [point for point in each["points"] if point["kept_up"] and not (index and point["late"])]
        points = [point for point in known if point["added"][index] is not None and point["added"][index] > 0]
        colour, marker, dashes = style(each["name"])
        shares = [point["share"] * 100 for point in points]
        added = [point["added"][index] for point in points]
        axes.plot(shares, added, color=colour, marker=marker, linestyle=dashes, label=short(each["name"]))
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda *_: "")
    axes.set_xlim(0, 100)
    axes.set_xticks([10, 50, 90], ["10 %", "50 %", "90 %"])
    axes.set_title(title, loc="left")
    axes.set_xlabel("load, of the subject's own maximum")
    axes.set_ylabel("added, ms (log)")
    axes.grid(axis="y", which="major")


def draw(sync: Any, latency: Any, slow: Any, file: Path) -> None:
    """Write the picture. Each of the three may be None; raises SystemExit where all are."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    panels: list[Any] = []
    if sync is not None:
        panels.append(lambda axes: bars(axes, sync, "cpu_us", "CPU of one request, function of 0 ms", "µs (less is better)"))
    if slow is not None:
        title = f"Function of {slow['delay_ms']:g} ms, {slow['connections']} callers"
        panels.append(
            lambda axes: bars(
                axes, slow["subjects"], "rate", title, f"req/s (more is better; at most {slow['bound']:,.0f} can be)"
            )
        )
    if latency is not None:
        panels.append(lambda axes: lines(axes, latency, 0, "Added latency, median"))
        panels.append(lambda axes: lines(axes, latency, 1, "Added latency, 99th percentile"))
    if not panels:
        raise SystemExit("There are no figures yet: run `make bench`, or benchmarks.sync_path, latency and slow_upstream.")
    look = {
        "svg.fonttype": "none",  # text stays text: searched, read aloud, enlarged
        "svg.hashsalt": "lambda-router",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
    }
    rows = (len(panels) + 1) // 2
    with pyplot.rc_context(look):
        figure, grid = pyplot.subplots(rows, 2, figsize=(11, 3.6 * rows), layout="constrained", squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            panel(axes)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        if latency is not None:
            figure.legend(
                *grid.flat[len(panels) - 1].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False
            )
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12, hspace=0.06)
        file.parent.mkdir(parents=True, exist_ok=True)
        about = {"Title": "lambda-router's synchronous path beside its peers", "Date": None, "Creator": None}
        figure.savefig(file, format="svg", metadata=about)
        pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=OUT / "sync_path.svg")
    arguments = parser.parse_args()
    try:
        draw(figures("sync_path"), figures("latency"), figures("slow_upstream"), arguments.to)
    except ModuleNotFoundError as error:
        raise SystemExit("The picture is left out: `pip install matplotlib` brings what it needs.") from error
    print(arguments.to)


if __name__ == "__main__":
    main()
