import subprocess
def run(): return subprocess.check_output(["scratch/hello"], text=True)
