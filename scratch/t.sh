#!/bin/bash
scratch/hello | grep -q "hello 6" && /usr/bin/python3 -c "print(1)"
