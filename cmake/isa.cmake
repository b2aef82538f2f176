# One row per instruction set: isa_<name>.cpp gets exactly these flags; nothing else in the
# project gets any. Later rows are preferred at run time where the CPU has them.
set(FASTCNN_ISAS baseline)
set(FASTCNN_FLAGS_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  # Every such CPU has 128-bit vectors with FMA.
  set(FASTCNN_ISAS neon)
  set(FASTCNN_FLAGS_neon "")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT MSVC)
  # Not -march=x86-64-v3: table.cpp must be able to test for everything that is used.
  set(FASTCNN_FLAGS_baseline -msse4.2 -mpopcnt)
  list(APPEND FASTCNN_ISAS avx2 avx512)
  set(FASTCNN_FLAGS_avx2 -mavx2 -mfma -mprfchw)
  # Without prefer-vector-width g++ would compile plain loops for 256-bit registers.
  set(FASTCNN_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprfchw
      -mprefer-vector-width=512)
  # Dot products only; everything else is avx512's (csrc/kernels/dispatch/isa_dot.inl).
  list(APPEND FASTCNN_ISAS avx512_bf16)
  set(FASTCNN_FLAGS_avx512_bf16 ${FASTCNN_FLAGS_avx512} -mavx512vnni -mavx512bf16)
endif()

set(FASTCNN_ISA_DEFINITIONS "")
foreach(isa IN LISTS FASTCNN_ISAS)
  set(file csrc/kernels/dispatch/isa_${isa}.cpp)
  target_sources(fastcnn_kernels PRIVATE ${file})
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS
    "${FASTCNN_FLAGS_${isa}};-ffp-contract=fast;-fno-math-errno;-fno-trapping-math;-fno-exceptions;-fno-rtti;-fno-asynchronous-unwind-tables;-Wno-psabi")
  string(TOUPPER ${isa} upper)
  list(APPEND FASTCNN_ISA_DEFINITIONS FASTCNN_HAVE_${upper})
endforeach()
set_target_properties(fastcnn_kernels PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
