"""The built program as a file: what makes a slip in C++ harder to use for somebody else.

Debian's libraries are linked as archives and carry no mark for indirect branch tracking, so the program as a whole has
none either; our own functions are looked at instead.
"""

import os
import struct
import subprocess
import unittest

PROGRAM = os.path.abspath("cli/shunt")

ET_DYN = 3
PT_GNU_STACK, PT_GNU_RELRO, PT_INTERP = 0x6474E551, 0x6474E552, 3
PF_X = 1
DT_FLAGS, DT_FLAGS_1, DT_TEXTREL = 30, 0x6FFFFFFB, 22
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
SHT_SYMTAB, SHT_DYNAMIC, SHT_DYNSYM = 2, 6, 11
STT_FUNC = 2
ENDBR64 = b"\xf3\x0f\x1e\xfa"


class Elf:
    """As much of a 64-bit little-endian file as is needed here."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        assert self.bytes[:6] == b"\x7fELF\x02\x01", path
        self.type, = struct.unpack_from("<H", self.bytes, 16)
        offset, sections = struct.unpack_from("<QQ", self.bytes, 32)
        size, count, section_size, section_count = struct.unpack_from("<HHHH", self.bytes, 54)
        # type, flags, offset, address, -, size in the file
        self.segments = [struct.unpack_from("<IIQQQQ", self.bytes, offset + i * size) for i in range(count)]
        # name, type, flags, address, offset, size, link
        self.sections = [struct.unpack_from("<IIQQQQI", self.bytes, sections + i * section_size)
                         for i in range(section_count)]

    def segment(self, kind):
        return next((segment for segment in self.segments if segment[0] == kind), None)

    def dynamic(self):
        section = next(section for section in self.sections if section[1] == SHT_DYNAMIC)
        data = self.bytes[section[4]:section[4] + section[5]]
        return dict(struct.iter_unpack("<qQ", data))

    def symbols(self, kind):
        """(name, is a function, address) of each."""
        section = next(section for section in self.sections if section[1] == kind)
        names = self.sections[section[6]][4]
        for name, info, _, _, address, _ in struct.iter_unpack("<IBBHQQ", self.bytes[section[4]:section[4] + section[5]]):
            start = names + name
            yield self.bytes[start:self.bytes.index(b"\0", start)].decode(), info & 15 == STT_FUNC, address

    def code_at(self, address, size):
        for _, _, offset, start, _, length in self.segments:
            if start <= address < start + length:
                return self.bytes[offset + address - start:][:size]
        raise AssertionError("no segment has %#x" % address)


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.elf = Elf(PROGRAM)
        cls.imports = {name for name, _, address in cls.elf.symbols(SHT_DYNSYM) if address == 0}

    def test_its_place_in_memory_is_not_known_beforehand(self):
        self.assertEqual(self.elf.type, ET_DYN)
        self.assertIsNotNone(self.elf.segment(PT_INTERP))
        self.assertTrue(self.elf.dynamic()[DT_FLAGS_1] & DF_1_PIE)
        self.assertNotIn(DT_TEXTREL, self.elf.dynamic())

    def test_tables_of_addresses_are_filled_at_the_start_and_then_closed(self):
        self.assertIsNotNone(self.elf.segment(PT_GNU_RELRO))
        self.assertTrue(self.elf.dynamic()[DT_FLAGS] & DF_BIND_NOW)
        self.assertTrue(self.elf.dynamic()[DT_FLAGS_1] & DF_1_NOW)

    def test_no_memory_is_both_written_and_run(self):
        self.assertFalse(self.elf.segment(PT_GNU_STACK)[1] & PF_X)
        self.assertFalse([segment for segment in self.elf.segments if segment[0] == 1 and segment[1] & 3 == 3])

    def test_library_calls_know_the_size_of_what_they_write_to(self):
        self.assertLess({"__memcpy_chk", "__memset_chk", "__snprintf_chk", "__vsnprintf_chk"}, self.imports)

    def test_stacks_have_canaries(self):
        self.assertIn("__stack_chk_fail", self.imports)
        # What the compiler says of itself: not only in functions with arrays of characters.
        self.assertIn(b" -fstack-protector-strong", self.elf.bytes)

    def test_our_functions_are_landing_pads(self):
        # The compiler leaves out those that it knows nobody to reach through a pointer.
        ours = [(name, address) for name, function, address in self.elf.symbols(SHT_SYMTAB)
                if function and address and (name == "main" or name.startswith("_ZN5shunt"))
                and ".part." not in name and ".cold" not in name and ".isra." not in name and ".constprop." not in name]
        self.assertGreater(len(ours), 500)
        marked = [name for name, address in ours if self.elf.code_at(address, 4) == ENDBR64]
        self.assertIn("main", marked)
        self.assertGreater(len(marked), len(ours) * 3 // 4)


class Sanity(unittest.TestCase):
    def test_the_program_runs(self):
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
