//===- Plot.cpp - curves of a run -----------------------------------------===//

#include "runtime/report/Plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace bcssl {

/// Colours that stay apart for colour-blind readers (Okabe and Ito).
static constexpr std::array<Colour, 5> palette = {{{0, 114, 178},
                                                   {213, 94, 0},
                                                   {0, 158, 115},
                                                   {204, 121, 167},
                                                   {86, 180, 233}}};

static constexpr int marginLeft = 84;
static constexpr int marginRight = 24;
static constexpr int marginTop = 36;
static constexpr int marginBottom = 48;
static constexpr double markerRadius = 3;

std::vector<double> axisTicks(double low, double high, int count) {
  double range = high - low;
  if (!(range > 0) || !std::isfinite(range) || count < 1)
    return {low};
  double rough = range / count;
  double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = factor * power;
    if (step >= rough * 0.999)
      break;
  }
  std::vector<double> ticks;
  // By number, so that errors of many additions do not show.
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9;
       ++i)
    ticks.push_back(i == 0 ? 0 : i * step);
  return ticks;
}

namespace {

/// The values that an axis covers.
struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (!std::isfinite(value))
      return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// Widens the range by a share of itself; a single value gets room too.
  void pad(double share) {
    if (!(low <= high))
      low = 0, high = 1;
    double room = (high - low) * share;
    if (room == 0)
      room = std::max(std::fabs(high) * 0.05, 1e-6);
    low -= room;
    high += room;
  }
  double place(double value) const { return (value - low) / (high - low); }
};

/// One panel at its place on the canvas.
class PanelPainter {
public:
  PanelPainter(Canvas &canvas, const Panel &panel, int top, int height)
      : canvas(canvas), panel(panel), left(marginLeft), top(top + marginTop),
        width(std::max(1, canvas.width() - marginLeft - marginRight)),
        height(std::max(1, height - marginTop - marginBottom)) {
    for (const Curve &curve : panel.curves)
      for (size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i)
        if (std::isfinite(curve.x[i]) && std::isfinite(curve.y[i])) {
          x.add(curve.x[i]);
          y.add(curve.y[i]);
        }
    x.pad(0.01);
    y.pad(0.06);
  }

  void paint() {
    grid();
    for (size_t i = 0; i < panel.curves.size(); ++i)
      curve(panel.curves[i], palette[i % palette.size()]);
    frame();
  }

private:
  double across(double value) const { return left + x.place(value) * width; }
  double down(double value) const {
    return top + (1 - y.place(value)) * height;
  }

  static std::string label(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return text;
  }
  static int textWidth(const std::string &text, int scale = 1) {
    return static_cast<int>(text.size()) * Canvas::letterWidth * scale;
  }

  void grid() {
    for (double tick : axisTicks(x.low, x.high, 8)) {
      int at = static_cast<int>(std::lround(across(tick)));
      canvas.fill(at, top, 1, height, lightGrey);
      std::string text = label(tick);
      canvas.text(at - textWidth(text) / 2, top + height + 6, text, black);
    }
    for (double tick : axisTicks(y.low, y.high, 6)) {
      int at = static_cast<int>(std::lround(down(tick)));
      canvas.fill(left, at, width, 1, lightGrey);
      std::string text = label(tick);
      canvas.text(left - 6 - textWidth(text), at - 3, text, black);
    }
  }

  void frame() {
    canvas.fill(left, top + height, width, 1, black);
    canvas.fill(left, top, 1, height, black);
    canvas.text(left, top - 26, panel.title, black, 2);
    canvas.text(left + width / 2 - textWidth(panel.xLabel) / 2,
                top + height + 24, panel.xLabel, grey);
    canvas.textUpwards(8, top + height / 2 + textWidth(panel.yLabel) / 2,
                       panel.yLabel, grey);
    int right = left + width;
    for (size_t i = panel.curves.size(); i-- > 0;) {
      const std::string &name = panel.curves[i].name;
      right -= textWidth(name) + 12;
      canvas.text(right, top - 14, name, palette[i % palette.size()]);
    }
  }

  void curve(const Curve &curve, Colour colour) {
    bool joined = false;
    double lastX = 0, lastY = 0;
    for (size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
      bool finite = std::isfinite(curve.x[i]) && std::isfinite(curve.y[i]);
      if (finite) {
        double atX = across(curve.x[i]), atY = down(curve.y[i]);
        if (joined)
          canvas.line(lastX, lastY, atX, atY, colour, 1.6);
        if (curve.markers || !joined)
          canvas.line(atX, atY, atX, atY, colour,
                      curve.markers ? 2 * markerRadius : 1.6);
        lastX = atX;
        lastY = atY;
      }
      joined = finite;
    }
  }

  Canvas &canvas;
  const Panel &panel;
  int left, top, width, height;
  Axis x, y;
};

} // namespace

Canvas drawPlot(const std::vector<Panel> &panels, int width, int panelHeight) {
  Canvas canvas(width, panelHeight * static_cast<int>(panels.size()));
  for (size_t i = 0; i < panels.size(); ++i)
    PanelPainter(canvas, panels[i], static_cast<int>(i) * panelHeight,
                 panelHeight)
        .paint();
  return canvas;
}

} // namespace bcssl
