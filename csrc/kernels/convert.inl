// y[i] = x[i] * scale + offset
void rescale_bytes(int64_t n, const uint8_t* x, float scale, float offset, float* y) noexcept {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale + offset;
}
