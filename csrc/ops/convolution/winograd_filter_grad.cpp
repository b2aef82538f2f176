#include <algorithm>
#include <cstring>

#include "base/memory.h"
#include "kernels/convolution/table.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "ops/convolution/winograd.h"
#include "ops/convolution/winograd_tiles.h"

namespace fastcnn {
namespace {

// Terms of x and dy that are made and used together should stay in the caches, and be many beside
// the sums, which each pass reads and writes once.
constexpr int64_t kPassBytes = 2 << 20;
// Sums larger than this are better finished piece by piece, if one pass suffices.
constexpr int64_t kCachedSumBytes = 3 << 20;
// Work items of a phase: enough to keep threads evenly busy.
constexpr int64_t kWantedItems = 16;
constexpr double kItemFlops = 4e6;

}  // namespace

// The gradient of a filter is a sum over tiles of dy: each meets the (tile + 2)^2 pixels of x that
// its windows reach, and Winograd's F(3 x 3, tile x tile) makes 3 x 3 numbers of them. Sums over
// tiles are products of matrices, one for each term; the result is transformed once.
class WinogradKernelGrad final : public Operator {
 public:
  WinogradKernelGrad(const ConvShape& conv, int64_t tile)
      : conv_(conv), tile_(tile), kernels_(kernels()) {
    places_ = {conv.batch, conv.window.height.out, conv.window.width.out, tile};
    tiles_ = places_.count();
    terms_ = (tile + 2) * (tile + 2);
    in_ = conv.in_channels;
    out_ = conv.out_channels;
    v_row_ = ceil_div(in_, kGap) * kGap + kGap;
    d_row_ = ceil_div(out_, kGap) * kGap + kGap;
    u_row_ = ceil_div(out_, kGap) * kGap;
    const int64_t wanted =
        std::max(kPassBytes, terms_ * in_ * u_row_ * 4) / (terms_ * (v_row_ + d_row_) * 4);
    passes_ = ceil_div(tiles_, std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, tiles_)));
    pass_tiles_ = ceil_div(tiles_, std::max<int64_t>(1, passes_));
    v_term_ = pass_tiles_ * v_row_ + kGap;
    d_term_ = pass_tiles_ * d_row_ + kGap;
    u_term_ = in_ * u_row_ + kGap;
    transform_tiles_ = std::max<int64_t>(1, pass_tiles_ / kWantedItems);
    width_ = kernels_.gemm.gemm_vectors * kernels_.lanes;
    m_term_ = kernels_.gemm.gemm_rows * width_ + kGap;
    row_blocks_ = ceil_div(in_, kernels_.gemm.gemm_rows);
    panels_ = ceil_div(out_, width_);
    fused_ = passes_ == 1 && terms_ * u_term_ * 4 > kCachedSumBytes;
    const double term_flops =
        2.0 * static_cast<double>(pass_tiles_ * in_) * static_cast<double>(out_);
    const double cut =
        term_flops * (fused_ ? static_cast<double>(terms_) / static_cast<double>(panels_) : 1.0);
    row_parts_ = std::clamp<int64_t>(static_cast<int64_t>(cut / kItemFlops), 1,
                                     std::max<int64_t>(1, row_blocks_));
  }

  // For each pass its transforms and its products, then, unless fused, the transform of the sums.
  int phases() const override { return static_cast<int>(2 * passes_ + (fused_ ? 0 : 1)); }
  int64_t items(int phase) const override {
    if (in_ == 0 || out_ == 0) return 0;
    if (phase == 2 * passes_) return in_;
    if (fused_ && phase == 1) return panels_ * row_parts_;
    return phase % 2 == 0 ? ceil_div(pass_size(phase / 2), transform_tiles_) : terms_ * row_parts_;
  }
  int64_t scratch_bytes() const override {
    return align_up(terms_ * v_term_ * 4) + align_up(terms_ * d_term_ * 4) +
           (fused_ ? 0 : terms_ * u_term_ * 4);
  }
  int64_t thread_scratch_bytes() const override {
    return std::max(align_up(std::max(in_, out_) * 4), fused_ ? terms_ * m_term_ * 4 : 0);
  }
  std::string algorithm() const override {
    return "winograd_" + std::to_string(tile_) + "x" + std::to_string(tile_);
  }
  Cost cost() const override {
    const WindowAxis& h = conv_.window.height;
    const WindowAxis& w = conv_.window.width;
    return {2.0 * static_cast<double>(tiles_ * terms_) * static_cast<double>(in_ * out_),
            4.0 * static_cast<double>(conv_.batch * (h.in * w.in * in_ + h.out * w.out * out_))};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* v = reinterpret_cast<float*>(at.scratch);
    auto* d = reinterpret_cast<float*>(at.scratch + align_up(terms_ * v_term_ * 4));
    auto* u = reinterpret_cast<float*>(at.scratch + align_up(terms_ * v_term_ * 4) +
                                       align_up(terms_ * d_term_ * 4));
    if (phase == 2 * passes_) return finish(item, u, at);
    if (phase % 2 == 0) return transform(phase / 2, item, v, d, at);
    if (fused_) return multiply_and_finish(item, v, d, at);
    multiply(phase / 2, item, v, d, u);
  }

 private:
  int64_t pass_begin(int64_t pass) const { return tiles_ * pass / passes_; }
  int64_t pass_size(int64_t pass) const { return pass_begin(pass + 1) - pass_begin(pass); }

  void transform(int64_t pass, int64_t item, float* v, float* d, const Buffers& at) const noexcept {
    auto* zeros = reinterpret_cast<float*>(at.thread_scratch);
    std::memset(zeros, 0, static_cast<size_t>(std::max(in_, out_)) * sizeof(float));
    const WindowAxis& h = conv_.window.height;
    const WindowAxis& w = conv_.window.width;
    const Image x{at.input(0), h.in, w.in, in_};
    const Image dy{at.input(1), h.out, w.out, out_};
    const float* pixel[kMostTerms];
    const int64_t from = item * transform_tiles_;
    const int64_t to = std::min(pass_size(pass), from + transform_tiles_);
    WinogradInput of_x{tile_, in_, pixel, v + from * v_row_, v_term_};
    WinogradInput of_dy{tile_, out_, pixel, d + from * d_row_, d_term_};
    for (int64_t t = from; t < to; ++t, of_x.terms += v_row_, of_dy.terms += d_row_) {
      const TilePlace place = places_.at(pass_begin(pass) + t);
      tile_pixels(x, place.image, place.row - h.window.pad_before,
                  place.column - w.window.pad_before, tile_ + 2, zeros, pixel);
      kernels_.winograd.winograd_input(of_x);
      tile_pixels(dy, place.image, place.row, place.column, tile_, zeros, pixel);
      kernels_.winograd.winograd_grad_input(of_dy);
    }
  }

  // A term's sums over the tiles of a pass, for some blocks of input channels.
  void multiply(int64_t pass, int64_t item, const float* v, const float* d,
                float* u) const noexcept {
    const int64_t term = item / row_parts_;
    const int64_t part = item % row_parts_;
    const Segment segment{v + term * v_term_, d + term * d_term_, pass_size(pass)};
    TransposedGemmTile g{};
    g.segments = 1;
    g.segment = &segment;
    g.a_stride = v_row_;
    g.b_stride = d_row_;
    g.c_stride = u_row_;
    g.accumulate = pass > 0;
    const int64_t from = row_blocks_ * part / row_parts_;
    const int64_t to = row_blocks_ * (part + 1) / row_parts_;
    for (g.b_offset = 0; g.b_offset < out_; g.b_offset += width_)
      for (int64_t block = from; block < to; ++block) {
        g.a_offset = in_ * block / row_blocks_;
        g.rows = in_ * (block + 1) / row_blocks_ - g.a_offset;
        g.columns = std::min(width_, out_ - g.b_offset);
        g.c = u + term * u_term_ + g.a_offset * u_row_ + g.b_offset;
        kernels_.gemm.gemm_tile_transposed(g);
      }
  }

  // All terms' sums for some blocks of input channels and one panel of output channels.
  void multiply_and_finish(int64_t item, const float* v, const float* d,
                           const Buffers& at) const noexcept {
    auto* sums = reinterpret_cast<float*>(at.thread_scratch);
    const int64_t part = item % row_parts_;
    const int64_t from = row_blocks_ * part / row_parts_;
    const int64_t to = row_blocks_ * (part + 1) / row_parts_;
    Segment segment{v, d, tiles_};
    TransposedGemmTile g{};
    g.segments = 1;
    g.segment = &segment;
    g.b_offset = item / row_parts_ * width_;
    g.columns = std::min(width_, out_ - g.b_offset);
    g.a_stride = v_row_;
    g.b_stride = d_row_;
    g.c_stride = width_;
    for (int64_t block = from; block < to; ++block) {
      g.a_offset = in_ * block / row_blocks_;
      g.rows = in_ * (block + 1) / row_blocks_ - g.a_offset;
      for (int64_t term = 0; term < terms_; ++term) {
        segment.a = v + term * v_term_;
        segment.b = d + term * d_term_;
        g.c = sums + term * m_term_;
        kernels_.gemm.gemm_tile_transposed(g);
      }
      float* taps = at.output(0) + g.a_offset * out_ + g.b_offset;
      for (int64_t row = 0; row < g.rows; ++row, taps += out_)
        kernels_.winograd.winograd_grad_output(
            {tile_, g.columns, sums + row * width_, m_term_, taps, in_ * out_});
    }
  }

  // The 3 x 3 taps of one input channel.
  void finish(int64_t channel, float* u, const Buffers& at) const noexcept {
    float* taps = at.output(0) + channel * out_;
    if (passes_ == 0) {  // no pixel at all
      for (int64_t t = 0; t < 9; ++t)
        std::memset(taps + t * in_ * out_, 0, static_cast<size_t>(out_) * sizeof(float));
      return;
    }
    kernels_.winograd.winograd_grad_output(
        {tile_, out_, u + channel * u_row_, u_term_, taps, in_ * out_});
  }

  ConvShape conv_;
  int64_t tile_;
  const KernelTable& kernels_;
  TilePlaces places_{};
  int64_t tiles_ = 0, terms_ = 0, in_ = 0, out_ = 0;
  int64_t passes_ = 0, pass_tiles_ = 0;
  bool fused_ = false;
  int64_t transform_tiles_ = 0;             // of an item
  int64_t row_blocks_ = 0, row_parts_ = 0;  // blocks of input channels, and parts of them
  int64_t v_row_ = 0, v_term_ = 0;          // distances, in floats, of terms of x,
  int64_t d_row_ = 0, d_term_ = 0;          // of dy,
  int64_t width_ = 0, panels_ = 0;          // of output channels
  int64_t m_term_ = 0;
  int64_t u_row_ = 0, u_term_ = 0;  // and of their sums
};

std::unique_ptr<Operator> make_winograd_kernel_grad(const ConvShape& conv, int64_t tile) {
  return std::make_unique<WinogradKernelGrad>(conv, tile);
}

}  // namespace fastcnn
