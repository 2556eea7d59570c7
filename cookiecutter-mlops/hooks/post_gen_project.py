import json, os, sys
root, sys.dont_write_bytecode = os.path.dirname({{ template_dir() | tojson }}), True
sys.path[:0] = [os.path.join(root, "hooks"), os.path.join(root, "generator")]
sys.path += [os.path.join(root, "..", "..")]  # where a wheel keeps the generator
from post_gen_project import main
sys.exit(main(json.loads(r"""{{ cookiecutter | jsonify }}""")))
