"""Speech to text: a Conformer-CTC trained on the features that the appliance hears."""
