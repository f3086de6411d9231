# unbook_hardening: what every C file of the project is compiled and linked with.
#
#   UNBOOK_SANITIZE       "", "address,undefined" or "thread"
#   UNBOOK_CRASH_POINTS   CRASH_POINT("name") may kill the process (never in a release)
#   UNBOOK_COVERAGE       gcov counters

set(UNBOOK_SANITIZE "" CACHE STRING "sanitizers: empty, address,undefined or thread")
option(UNBOOK_CRASH_POINTS "compile the named crash points in" OFF)
option(UNBOOK_COVERAGE "compile with coverage counters" OFF)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(UNBOOK_CCACHE ccache)
if(UNBOOK_CCACHE)
	set(CMAKE_C_COMPILER_LAUNCHER ${UNBOOK_CCACHE})
endif()

add_library(unbook_hardening INTERFACE)
target_compile_definitions(unbook_hardening INTERFACE _GNU_SOURCE)
target_compile_options(unbook_hardening INTERFACE
	-Wall -Wextra -Wconversion -Wswitch-enum -Wshadow -Werror
	-Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
	-fno-common -fno-omit-frame-pointer -fstack-protector-strong)
target_link_options(unbook_hardening INTERFACE
	-Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

if(UNBOOK_SANITIZE)
	target_compile_options(unbook_hardening INTERFACE
		-fsanitize=${UNBOOK_SANITIZE} -fno-sanitize-recover=all)
	target_link_options(unbook_hardening INTERFACE -fsanitize=${UNBOOK_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	target_compile_options(unbook_hardening INTERFACE
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection)
endif()

if(UNBOOK_CRASH_POINTS)
	target_compile_definitions(unbook_hardening INTERFACE UNBOOK_CRASH_POINTS)
endif()

if(UNBOOK_COVERAGE)
	target_compile_options(unbook_hardening INTERFACE --coverage -fprofile-update=atomic)
	target_link_options(unbook_hardening INTERFACE --coverage)
endif()
