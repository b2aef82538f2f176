#include "ops/convolution/algorithm.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/args.h"
#include "ops/convolution/winograd_tiles.h"

namespace fastcnn {
namespace {

// Images of up to so many channels are gathered where their columns are padded: a tap alone would
// fill too few rows of a tile. And filter rows of so many numbers at most, for the memory's sake.
constexpr int64_t kGatheredChannels = 4;
constexpr int64_t kGatheredNumbers = 64;
// Fewer output channels than this do not pay for the copies of A that a product makes.
constexpr int64_t kGemmColumns = 128;

// What was measured, in multiply-adds at the machine's peak: transforms, for each term of a
// channel,
constexpr double kInputTerm2 = 6.7, kInputTerm4 = 13.4;
constexpr double kOutputTerm = 17.2;
// reading or making a number of the (transformed) filters, where they stay in cache and where not,
constexpr double kReadCached = 0.5, kReadFar = 3, kTilesPerRead = 24;
constexpr double kPackCached = 5, kPackFar = 40;
constexpr double kTransformCached = 15, kTransformFar = 45;
constexpr double kCachedPackBytes = 3 << 20;
// of the filter's gradient also reading them again, and making and transforming a sum,
constexpr double kGradInputTerm = 22, kGradTerm = 15;
// and products of fewer rows than hide the latency of a multiply-add.
constexpr double kLeastRows = 4;
// The direct algorithm rounds less, so Winograd has to be worth it.
constexpr double kWorthwhile = 0.9;

// What each number that filters take beyond those of the direct algorithm has to save in each run,
// where they are kept. Layers of few pixels and many channels have millions of them: those of
// ResNet-18 would keep 3.4 times the bytes of its weights to predict one image no faster.
constexpr double kKeptNumber = 38;

std::atomic<WinogradUse>& use() {
  static std::atomic<WinogradUse> value = [] {
    const char* text = std::getenv("FASTCNN_WINOGRAD");
    const std::string wanted = text == nullptr ? "1" : text;
    return wanted == "0"   ? WinogradUse::never
           : wanted == "2" ? WinogradUse::wherever_fastest
                           : WinogradUse::where_memory_pays;
  }();
  return value;
}

// Numbers of the filters and how often they come from where they are kept, in multiply-adds.
double filter_cost(double numbers, double passes, bool kept, double make_cached, double make_far) {
  const double bytes = 4 * numbers;
  const double make = kept ? 0 : (bytes <= kCachedPackBytes ? make_cached : make_far);
  const double read = bytes <= static_cast<double>(kCachedWinogradBytes) ? kReadCached : kReadFar;
  return numbers * (make + passes * read);
}

// Taps that lie inside the image, over all positions of one axis.
int64_t taps_inside(int64_t positions, int64_t pad, int64_t size) {
  int64_t taps = 0;
  for (int64_t t = 0; t < 3; ++t)
    taps +=
        std::max<int64_t>(0, std::min(positions, size + pad - t) - std::max<int64_t>(0, pad - t));
  return taps;
}

double direct_cost(const WinogradShape& shape, double filter, bool kept) {
  // The direct algorithm skips padding.
  const auto taps = static_cast<double>(
                        shape.images * taps_inside(shape.c_height, shape.pad_top, shape.a_height)) *
                    static_cast<double>(taps_inside(shape.c_width, shape.pad_left, shape.a_width));
  return filter * taps + filter_cost(9 * filter, 1, kept, kPackCached, kPackFar);
}

double winograd_cost(const WinogradShape& shape, int64_t tile, double filter, bool kept) {
  const auto terms = static_cast<double>((tile + 2) * (tile + 2));
  const auto tiles = static_cast<double>(shape.images * ceil_div(shape.c_height, tile) *
                                         ceil_div(shape.c_width, tile));
  const double input =
      (tile == 2 ? kInputTerm2 : kInputTerm4) * static_cast<double>(shape.a_channels);
  const double output = kOutputTerm * static_cast<double>(shape.c_channels);
  const double passes = std::max(1.0, tiles / kTilesPerRead);
  return terms * (std::max(tiles, kLeastRows) * filter + tiles * (input + output)) +
         filter_cost(terms * filter, passes, kept, kTransformCached, kTransformFar);
}

// The tile that is expected to be fastest; 0, the direct algorithm, only if that may be chosen.
int64_t cheapest_tile(const WinogradShape& shape, bool kept, bool direct_too) {
  // The direct algorithm wastes no lanes there.
  if (direct_too && narrow_n_pays(shape.c_channels, 3 * shape.a_channels)) return 0;
  const int64_t lanes = kernels().lanes;
  const double filter = static_cast<double>(shape.a_channels) *
                        static_cast<double>(ceil_div(shape.c_channels, lanes) * lanes);
  const bool pays = direct_too && kept && winograd_use() != WinogradUse::wherever_fastest;
  const double a_number = pays ? kKeptNumber * filter : 0;
  const double by_2 = winograd_cost(shape, 2, filter, kept) + (16 - 9) * a_number;
  const double by_4 = winograd_cost(shape, 4, filter, kept) + (36 - 9) * a_number;
  if (direct_too && std::min(by_2, by_4) > kWorthwhile * direct_cost(shape, filter, kept)) return 0;
  return by_2 < by_4 ? 2 : 4;
}

// The gradient of the filter: transforms of x and of dy, products, the transform of their sums.
double kernel_grad_cost(const WinogradShape& shape, int64_t tile, double filter) {
  const auto terms = static_cast<double>((tile + 2) * (tile + 2));
  const auto tiles = static_cast<double>(shape.images * ceil_div(shape.c_height, tile) *
                                         ceil_div(shape.c_width, tile));
  const double transforms =
      kGradInputTerm * static_cast<double>(shape.a_channels + shape.c_channels);
  return terms * (tiles * (filter + transforms) + kGradTerm * filter);
}

int64_t cheapest_kernel_grad_tile(const WinogradShape& shape, bool direct_too) {
  const int64_t lanes = kernels().lanes;
  const double filter = static_cast<double>(shape.a_channels) *
                        static_cast<double>(ceil_div(shape.c_channels, lanes) * lanes);
  const double by_2 = kernel_grad_cost(shape, 2, filter);
  const double by_4 = kernel_grad_cost(shape, 4, filter);
  if (direct_too && std::min(by_2, by_4) > kWorthwhile * direct_cost(shape, filter, true)) return 0;
  return by_2 < by_4 ? 2 : 4;
}

// The tile that the attribute "algorithm" names, 0 for the direct algorithm; `choose(direct_too)`
// where the name leaves it open.
template <class Choose>
int64_t tile_named(const OperatorSpec& spec, const ConvShape& conv, const Choose& choose) {
  const std::string& algorithm = spec.attrs.text("algorithm");
  if (algorithm == "direct") return 0;
  const bool automatic = algorithm == "auto";
  check(automatic || algorithm == "winograd" || algorithm == "winograd_2x2" ||
            algorithm == "winograd_4x4",
        spec.op,
        ": algorithm must be 'auto', 'direct', 'winograd', 'winograd_2x2' or "
        "'winograd_4x4', got '",
        algorithm, "'");
  const Window1d& h = conv.window.height.window;
  const Window1d& w = conv.window.width.window;
  const bool fits = h.size == 3 && w.size == 3 && h.stride == 1 && w.stride == 1 &&
                    h.dilation == 1 && w.dilation == 1 && conv.groups == 1 && conv.is_flat();
  check(automatic || fits, spec.op, ": algorithm '", algorithm,
        "' computes plane 3x3 windows with stride 1, dilation 1 and one group, got ", h.size, "x",
        w.size, " with strides ", h.stride, "x", w.stride, ", dilation ", h.dilation, "x",
        w.dilation, " and ", conv.groups, " groups; use 'auto' or 'direct'");
  if (algorithm == "winograd_2x2") return 2;
  if (algorithm == "winograd_4x4") return 4;
  if (!fits || (automatic && winograd_use() == WinogradUse::never)) return 0;
  return choose(automatic);
}

}  // namespace

bool is_depthwise(const ConvShape& conv) {
  return conv.is_flat() && conv.groups > 1 && conv.groups == conv.in_channels &&
         conv.groups == conv.out_channels;
}

bool narrow_n_pays(int64_t columns, int64_t depth) {
  const int64_t lanes = kernels().lanes;
  return columns >= 1 && columns <= std::min(kNarrowN, lanes / 2) && depth >= lanes;
}

bool filter_grad_is_gemm(const ConvShape& conv) {
  const auto plain = [](const WindowAxis& axis) {
    return axis.window.size == 1 && axis.window.stride == 1 && axis.in == axis.out &&
           axis.window.pad_before == 0;
  };
  return conv.groups == 1 && conv.out_channels >= kGemmColumns && plain(conv.window.depth) &&
         plain(conv.window.height) && plain(conv.window.width);
}

bool gathering_pays(const ConvShape& conv) {
  const WindowAxis& w = conv.window.width;
  return w.window.dilation == 1 && conv.groups == 1 && w.out > 0 && conv.in_channels > 0 &&
         conv.in_channels <= kGatheredChannels &&
         w.window.size * conv.in_channels <= kGatheredNumbers;
}

int64_t winograd_tile(const OperatorSpec& spec, const ConvShape& conv, const WinogradShape& shape) {
  return tile_named(
      spec, conv, [&](bool direct_too) { return cheapest_tile(shape, spec.lasts(1), direct_too); });
}

int64_t winograd_kernel_grad_tile(const OperatorSpec& spec, const ConvShape& conv) {
  return tile_named(spec, conv, [&](bool direct_too) {
    return cheapest_kernel_grad_tile(winograd_shape(conv, false), direct_too);
  });
}

WinogradUse winograd_use() { return use(); }
void set_winograd(WinogradUse wanted) { use() = wanted; }

}  // namespace fastcnn
