//===- Plot.h - curves of a run ---------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_REPORT_PLOT_H
#define BCSSL_RUNTIME_REPORT_PLOT_H

#include "runtime/report/Canvas.h"

#include <string>

namespace bcssl {

/// Points in the order of x. Points that are not finite leave a gap.
struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  bool markers = false; ///< a dot on each point: few, measured values
};

/// One chart: curves over a common x axis, each in its own colour.
struct Panel {
  std::string title;
  std::string xLabel;
  std::string yLabel;
  std::vector<Curve> curves;
};

/// Draws panels below each other, `width` pixels wide and `panelHeight` high
/// each.
Canvas drawPlot(const std::vector<Panel> &panels, int width = 900,
                int panelHeight = 360);

/// Round values ("nice numbers": 1, 2 or 5 times a power of ten apart) that
/// cover [low, high] with about `count` steps; they lie inside the range.
std::vector<double> axisTicks(double low, double high, int count);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_PLOT_H
